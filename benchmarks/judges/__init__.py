"""What rows of the zoo's table are judged by: each module's judge(run) says a figure in words."""
