#!/usr/bin/env bash
# libsodium (1.0.18): crypto_pwhash_str_verify() returns -1 with errno EINVAL both for a wrong password and
# for a right one whose memory it cannot get. crypto_pwhash_str() says ENOMEM then, so that one expects the
# same of verify. A server that is short of memory calls right passwords wrong, and counts them as failed
# attempts.
#
# Seen with libsodium23 and libsodium-dev 1.0.18-1+deb12u1, for a hash of 64 MiB:
#   enough memory, right password: 0
#   enough memory, wrong password: -1, Invalid argument
#   little memory, right password: -1, Invalid argument
#   little memory, a new hash: -1, Cannot allocate memory
# Exits with 1 if that changes.
set -euo pipefail
version=$(apt-cache madison libsodium-dev | awk '$3 ~ /^1\.0\.18-1/ { print $3; exit }')
[ -n "$version" ] || { echo "libsodium-dev 1.0.18-1 is no longer to be had" >&2; exit 1; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q=2 "libsodium-dev=$version" "libsodium23=$version"
for package in *.deb; do dpkg-deb -x "$package" root; done
cat >main.c <<'C'
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

static void say(const char *what, int result) {
    if (result == 0) printf("%s: 0\n", what);
    else printf("%s: %d, %s\n", what, result, strerror(errno));
}

int main(void) {
    char hash[crypto_pwhash_STRBYTES], other[crypto_pwhash_STRBYTES];
    if (sodium_init() < 0 || crypto_pwhash_str(hash, "right", 5, 2, 64U << 20) != 0) return 2;
    errno = 0;
    say("enough memory, right password", crypto_pwhash_str_verify(hash, "right", 5));
    errno = 0;
    say("enough memory, wrong password", crypto_pwhash_str_verify(hash, "wrong", 5));
    const struct rlimit little = {48U << 20, 48U << 20};
    if (setrlimit(RLIMIT_AS, &little) != 0) return 2;
    errno = 0;
    say("little memory, right password", crypto_pwhash_str_verify(hash, "right", 5));
    errno = 0;
    say("little memory, a new hash", crypto_pwhash_str(other, "right", 5, 2, 64U << 20));
}
C
library=$(dirname "$(find root -name 'libsodium.so.23')")
gcc -O2 -I root/usr/include main.c "$library/libsodium.so.23" -o main
said=$(LD_LIBRARY_PATH=$library ./main)
printf 'libsodium %s\n%s\n' "$version" "$said"
expected='enough memory, right password: 0
enough memory, wrong password: -1, Invalid argument
little memory, right password: -1, Invalid argument
little memory, a new hash: -1, Cannot allocate memory'
[ "$said" = "$expected" ] || { echo "the behaviour has changed" >&2; exit 1; }
