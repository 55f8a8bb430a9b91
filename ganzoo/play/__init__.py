"""The page of `ganzoo play`: a trained GAN in the browser.

`samples` and `latent_space` compute what the controls request, without a page; `studio` applies them to a model, one
request at a time; `page`, `panels` and `widgets`, which need gradio, show the results; `server` serves the page.
"""
