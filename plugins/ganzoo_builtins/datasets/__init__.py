"""Datasets: published ones from their original files, your own images, arrays and texts, and generated ones."""

from __future__ import annotations

import ganzoo

HERE = "ganzoo_builtins.datasets"


@ganzoo.hookimpl
def ganzoo_register(zoo: ganzoo.Zoo) -> None:
    def add(name: str, target: str, summary: str, paper: str = "", upgrade: str | None = None) -> None:
        zoo.add("dataset", name, f"{HERE}.{target}", summary=summary, paper=paper, upgrade=upgrade)

    # Published data, downloaded by `ganzoo data get NAME`.
    add("mnist", "mnist:MNIST", "Handwritten digits, 28x28 grey, 10 classes")
    add("fashion_mnist", "mnist:FashionMNIST", "Clothes, 28x28 grey, 10 classes", "arXiv:1708.07747")
    add("kmnist", "mnist:KMNIST", "Cursive Japanese characters, 28x28 grey, 10 classes", "arXiv:1812.01718")
    add("qmnist", "mnist:QMNIST", "MNIST with its 50,000 lost test digits, 28x28 grey, 10 classes", "arXiv:1905.10498")
    add("emnist", "emnist:EMNIST", "Handwritten letters and digits in six splits, 28x28 grey", "arXiv:1702.05373")
    add("usps", "usps:USPS", "Digits from envelopes, 16x16 grey, 10 classes")
    add("cifar10", "cifar:CIFAR10", "Photographs, 32x32 colour, 10 classes")
    add("cifar100", "cifar:CIFAR100", "Photographs, 32x32 colour, 100 fine or 20 coarse classes")
    add("svhn", "svhn:SVHN", "House numbers, 32x32 colour, 10 classes")
    add("stl10", "stl10:STL10", "Photographs, 96x96 colour, 10 classes and 100,000 unlabelled")
    name, target = "stacked_mnist", "stacked_mnist:StackedMNIST"
    add(name, target, "Three digits as red, green and blue, 28x28: 1,000 modes", "arXiv:1611.02163")
    add("celeba", "celeba:CelebA", "Faces with 40 attributes, 178x218 colour", "arXiv:1411.7766")
    # Your own.
    upgrade = f"{HERE}.upgrade:fit"
    add("folder", "folder:Folder", "Your images, in a folder or a zip file, with or without labels", upgrade=upgrade)
    add("hf", "hugging_face:HuggingFace", "Your images, or those of the Hub, by the library datasets of Hugging Face")
    add("parquet", "parquet:Parquet", "Your images in a column of Parquet files")
    add("webdataset", "webdataset:WebDataset", "Your images in the tar files of WebDataset, read by index")
    add("pairs", "pairs:Pairs", "Your pairs of images: inputs and targets, in two folders", upgrade=upgrade)
    name, target = "unpaired", "unpaired_folders:UnpairedFolders"
    summary = "Your images in two folders that do not belong together: inputs and samples"
    add(name, target, summary, upgrade=upgrade)
    add("npz", "npz:Npz", "Your arrays: images and labels from one .npz file")
    add("npy", "npy:Npy", "Your large arrays of images or points, memory-mapped from an .npy or .npz file")
    add("hdf5", "hdf5:Hdf5", "Your large arrays of images or points, from an HDF5 file")
    add("text", "text:Text", "The lines of your text file as token ids, by character or by word")
    # Included in a package.
    add("digits", "digits:Digits", "1,797 handwritten digits included in scikit-learn, 8x8 grey, 10 classes")
    # Generated.
    add("glyphs", "glyphs:Glyphs", "Letters and digits, printed and handwritten, distorted, 28x28 grey; no download")
    upgrade = f"{HERE}.upgrade:mixture"
    add("ring", "toy:Ring", "Gaussians on a circle, 2-D", upgrade=upgrade)
    add("grid", "toy:Grid", "Gaussians on a square grid, 2-D", upgrade=upgrade)
    add("gaussian_1d", "toy:Gaussian1D", "One Gaussian or a mixture of two, 1-D", upgrade=upgrade)
    add("oracle", "oracle:Oracle", "Token ids from a random LSTM that computes their likelihood", "arXiv:1609.05473")
    add("unicode_names", "unicode_names:UnicodeNames", "Unicode names of characters, as token ids by word")
