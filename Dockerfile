# ganzoo with PyTorch for processors, at the versions of constraints.txt:
#
#   docker build -t ganzoo .
#   docker run --rm -v "$PWD":/project -v ganzoo:/cache ganzoo run quickstart
#
# For a GPU: docker build -t ganzoo --build-arg TORCH=https://download.pytorch.org/whl/cu130 .
# then: docker run --rm --gpus all ...

FROM python:3.11-slim

ARG TORCH=https://download.pytorch.org/whl/cpu
ARG EXTRAS=scipy,digits,parquet,hdf5,depth,tensorboard,play,slurm,tune,plot

COPY pyproject.toml README.md LICENSE constraints.txt /src/
COPY ganzoo /src/ganzoo
COPY plugins /src/plugins
COPY recipes /src/recipes
RUN pip install --no-cache-dir --extra-index-url "$TORCH" -c /src/constraints.txt "/src[$EXTRAS]" \
    && useradd --create-home ganzoo && mkdir /project /cache && chown ganzoo /project /cache

# Runs are written below the current folder; data, downloads and referees are kept in the volume.
ENV GANZOO_CACHE=/cache
USER ganzoo
WORKDIR /project
VOLUME /cache
ENTRYPOINT ["ganzoo"]
