#!/usr/bin/env bash
# OpenSSL (3.0): when one of some allocations of an ECDSA signature fails, EVP_PKEY_sign() returns 1 (success)
# and sets the length of the signature to 4294967295, although the buffer that it was given has 72 bytes. A
# caller that trusts the result resizes to, copies or sends four gigabytes. All other failed allocations are
# reported as an error, or do no harm.
#
# The program lets one allocation fail, each in turn (CRYPTO_set_mem_functions()) and counts what
# EVP_PKEY_sign() answers. Seen with libssl3 and libssl-dev 3.0 of Debian 12:
#   refused: more than 10
#   success, length at most 72: some
#   success, length 4294967295: some
# Exits with 1 if that changes.
set -euo pipefail
version=$(apt-cache madison libssl-dev | awk '$3 ~ /^3\.0\./ { print $3; exit }')
[ -n "$version" ] || { echo "libssl-dev 3.0 is no longer to be had" >&2; exit 1; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q=2 "libssl-dev=$version" "libssl3=$version"
for package in *.deb; do dpkg-deb -x "$package" root; done
cat >main.c <<'C'
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

static int left = -1; /* allocations until the one that fails; -1: none fails */

static int may_allocate(void) {
    return left < 0 || left-- > 0;
}
static void *get(size_t size, const char *file, int line) {
    (void)file, (void)line;
    return may_allocate() ? malloc(size) : NULL;
}
static void *resize(void *old, size_t size, const char *file, int line) {
    (void)file, (void)line;
    return may_allocate() ? realloc(old, size) : NULL;
}
static void put(void *memory, const char *file, int line) {
    (void)file, (void)line;
    free(memory);
}

int main(void) {
    if (CRYPTO_set_mem_functions(get, resize, put) != 1) return 2;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    const unsigned char digest[32] = {1, 2, 3};
    int refused = 0, usual = 0, enormous = 0, has_failed = 1;
    for (int allowed = 0; has_failed && allowed < 1000; ++allowed) {
        EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
        if (context == NULL || EVP_PKEY_sign_init(context) != 1) return 2;
        unsigned char signature[128];
        size_t size = 72;
        left = allowed;
        const int result = EVP_PKEY_sign(context, signature, &size, digest, sizeof digest);
        has_failed = left < 0;
        left = -1;
        if (result != 1) ++refused;
        else if (size <= 72) ++usual;
        else if (size == 4294967295U) ++enormous;
        EVP_PKEY_CTX_free(context);
    }
    printf("refused: %s\n", refused > 10 ? "more than 10" : "10 or less");
    printf("success, length at most 72: %s\n", usual > 0 ? "some" : "none");
    printf("success, length 4294967295: %s\n", enormous > 0 ? "some" : "none");
}
C
library=$(dirname "$(find root -name 'libcrypto.so.3')")
headers=$(dirname "$(dirname "$(find root -path '*openssl/opensslconf.h')")")
gcc -O2 -I root/usr/include -I "$headers" main.c "$library/libcrypto.so.3" -o main
said=$(LD_LIBRARY_PATH=$library ./main)
printf 'OpenSSL %s\n%s\n' "$version" "$said"
expected='refused: more than 10
success, length at most 72: some
success, length 4294967295: some'
[ "$said" = "$expected" ] || { echo "the behaviour has changed" >&2; exit 1; }
