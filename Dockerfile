# docker build --tag ttsprep .
# docker run --rm --network none --user "$(id -u):$(id -g)" --volume "$PWD:/data" ttsprep audit corpus
FROM python:3.12-slim

ARG EXTRAS=media
COPY . /opt/ttsprep
RUN pip install --no-cache-dir --constraint /opt/ttsprep/constraints.txt "/opt/ttsprep[${EXTRAS}]" \
    && useradd --create-home --uid 1000 ttsprep \
    && install --directory --mode 1777 /cache

# nothing is downloaded while it runs, whoever it runs as
ENV HOME=/tmp TTSPREP_CACHE=/cache HF_HUB_OFFLINE=1 NUMBA_CACHE_DIR=/tmp
USER ttsprep
WORKDIR /data
ENTRYPOINT ["ttsprep"]
CMD ["--help"]
