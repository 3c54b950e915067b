#!/usr/bin/env bash
# Boost.System's result<T, E> (1.81): error() of a success is no bug that anybody hears of. It returns E(),
# a default-constructed error. If E is a struct that begins with an enumeration, that is its first
# enumerator, and it looks like a genuine error. value() of a failure throws, operator* of a failure
# asserts: only error() has no guard, in debug builds too. So `if (result) if (other) a(); else
# b(result.error());` compiles, runs and passes a plausible error on.
#
# Seen with libboost1.81-dev 1.81.0-5+deb12u1 and g++ 12.2, without NDEBUG:
#   error of a success: reason 0, text ''
#   value of a failure: throws
# Exits with 1 if that changes.
set -euo pipefail
version=1.81.0-5+deb12u1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q=2 "libboost1.81-dev=$version"
dpkg-deb -x libboost1.81-dev_*.deb root
cat >main.cpp <<'CPP'
#include <boost/system/result.hpp>
#include <cstdio>
#include <string>

enum class Reason { token_missing, token_expired };
struct Refusal {
    Reason reason;
    std::string text;
};
[[noreturn]] void throw_exception_from_error(const Refusal&, const boost::source_location&) { throw 1; }

int main() {
    const boost::system::result<int, Refusal> success = 7;
    const Refusal none = success.error();
    std::printf("error of a success: reason %d, text '%s'\n", static_cast<int>(none.reason), none.text.c_str());
    const boost::system::result<int, Refusal> failure = Refusal{Reason::token_expired, "expired"};
    try {
        (void)failure.value();
        std::printf("value of a failure: returned\n");
    } catch (int) {
        std::printf("value of a failure: throws\n");
    }
}
CPP
g++ -std=c++20 -O0 -D_GLIBCXX_ASSERTIONS -I root/usr/include main.cpp -o main
said=$(./main)
printf 'libboost1.81-dev %s\n%s\n' "$version" "$said"
expected="error of a success: reason 0, text ''
value of a failure: throws"
[ "$said" = "$expected" ] || { echo "the behaviour has changed" >&2; exit 1; }
