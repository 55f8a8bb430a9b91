"""Metrics: distances between distributions, class statistics, mode coverage, and others."""

from __future__ import annotations

import ganzoo

HERE = "ganzoo_builtins.metrics"


@ganzoo.hookimpl
def ganzoo_register(zoo: ganzoo.Zoo) -> None:
    def add(name: str, target: str, summary: str, paper: str = "") -> None:
        zoo.add("metric", name, f"{HERE}.{target}", summary=summary, paper=paper)

    # Distances between two sets of features.
    name, target = "frechet_distance", "frechet:FrechetDistance"
    add(name, target, "Distance of Gaussians fitted to features", "arXiv:1706.08500")
    name, target = "class_frechet_distance", "frechet:ClassFrechetDistance"
    add(name, target, "Mean Frechet distance within classes", "arXiv:1802.05637")
    name, target = "kernel_distance", "kernel:KernelDistance"
    add(name, target, "Squared MMD under a polynomial kernel, unbiased", "arXiv:1801.01401")

    name, target = "mind", "mind:MongeInceptionDistance"
    add(name, target, "Sliced Wasserstein-2 distance of features, squared", "arXiv:2605.06797")
    name, target = "cmmd", "cmmd:CMMD"
    add(name, target, "MMD of normalised features, Gaussian kernel, as CMMD", "arXiv:2401.09603")
    name, target = "frechet_infinity", "frechet_infinity:FrechetInfinity"
    add(name, target, "Frechet distance for infinitely many samples", "arXiv:1911.07023")
    name, target = "mifid", "mifid:MiFID"
    add(name, target, "Frechet distance, larger for memorized samples", "arXiv:2106.03062")

    # Distances between single samples.
    name, target = "precision_recall", "precision_recall:PrecisionRecall"
    add(name, target, "Share of realistic samples, share of real ones covered", "arXiv:1904.06991")
    name, target = "density_coverage", "density_coverage:DensityCoverage"
    add(name, target, "Variants of precision and recall, robust to outliers", "arXiv:2002.09797")
    name, target = "clipped_density_coverage", "clipped_density_coverage:ClippedDensityCoverage"
    add(name, target, "Density and coverage as shares of good samples", "arXiv:2507.01761")
    name, target = "nearest_neighbour", "nearest_neighbour:NearestNeighbour"
    add(name, target, "Distance to training samples; detects copies", "arXiv:2004.05675")
    add("diversity", "diversity:Diversity", "Mean distance of samples, relative to real ones", "arXiv:1610.09585")

    # Classes, as a referee sees them.
    name, target = "inception_score", "inception_score:InceptionScore"
    add(name, target, "Certainty of classes, and their variety over all samples", "arXiv:1606.03498")
    add("class_coverage", "classes:ClassCoverage", "Number of classes among the samples")
    add("class_balance", "classes:ClassBalance", "Distance of class shares from the data's")
    add("gan_test", "gan_test:GANTest", "Accuracy of the labels of samples", "arXiv:1807.09499")
    add("gan_train", "gan_train:GANTrain", "Accuracy of a classifier trained on samples", "arXiv:1807.09499")

    add("utility", "utility:Utility", "Accuracy of classifiers trained on real, generated, both")

    name, target = "stacked_modes", "stacked_modes:StackedModes"
    add(name, target, "Triples of digits found, of 1,000", "arXiv:1611.02163")

    # Points and numbers.
    add("modes", "modes:Modes", "Modes of a mixture covered, share of good samples", "arXiv:1705.07761")
    add("wasserstein_1d", "wasserstein:Wasserstein", "Wasserstein distance of numbers, exactly")
    name, target = "sliced_wasserstein", "wasserstein:SlicedWasserstein"
    add(name, target, "Wasserstein distance of points, over directions", "https://doi.org/10.1007/978-3-642-24785-9_37")

    # Images.
    add("high_frequency_power", "frequencies:HighFrequencyPower", "Speckle and blur: power at high frequencies")

    # Log-likelihood, as in early papers.
    add("parzen", "parzen:Parzen", "Log-likelihood under a Parzen window", "arXiv:1406.2661")
