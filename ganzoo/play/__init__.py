"""A page in the browser to play with a trained GAN: `ganzoo play`.

What picture the controls ask for stands in draws, codes, walks, directions and translations, which know no page;
studio gives them a model, one at a time; page and server, which need gradio, show them.
"""
