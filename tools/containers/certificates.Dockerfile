# An image for builder stages, which trusts what this machine trusts. What is made in it is copied out, it is not.
ARG BASE
FROM ${BASE}
COPY host.crt /etc/ssl/certs/host.crt
# How OpenSSL and uv, pip, and Node are told of certificates.
ENV SSL_CERT_FILE=/etc/ssl/certs/host.crt PIP_CERT=/etc/ssl/certs/host.crt NODE_EXTRA_CA_CERTS=/etc/ssl/certs/host.crt
