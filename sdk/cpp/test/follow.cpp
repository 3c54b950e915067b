// SPDX-License-Identifier: Apache-2.0
// Used by tests/verifiers/bound.mjs: `follow URL SERVICE_KEY ISSUER COUNT` runs COUNT verifiers in one
// process. For each token on standard input it prints "watching" once all verifiers accept the token, and
// later "ended NUMBER NANOSECONDS": the monotonic time at which the last verifier refused it.
#include <atomic>
#include <coatcheck/verifier.hpp>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

int main(int count, char** words) {
    if (count != 5) return 2;
    std::vector<std::unique_ptr<coatcheck::Verifier>> verifiers;
    for (int i = std::atoi(words[4]); i > 0; --i)
        verifiers.push_back(std::make_unique<coatcheck::Verifier>(
            coatcheck::Options{.url = words[1], .service_key = words[2], .issuer = words[3]}));
    for (auto& verifier : verifiers)
        if (!verifier->wait_until_ready(std::chrono::seconds(30))) return 1;
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    std::puts("ready");
    std::string line;
    for (int number = 0; std::getline(std::cin, line); ++number) {
        const auto left = std::make_shared<std::atomic<std::size_t>>(verifiers.size());
        for (auto& verifier : verifiers) {
            const auto verdict = verifier->check(line);
            if (!verdict)
                return std::printf("not believed: %s\n",
                                   std::string(coatcheck::code_of(verdict.reason())).c_str()),
                       1;
            verifier->on_end(verdict.user(), [&verifier, left, number, token = line](coatcheck::Reason) {
                if (verifier->check(token)) return;  // then "ended" is never printed, and the test fails
                if (--*left == 0)
                    std::printf("ended %d %lld\n", number,
                                static_cast<long long>(std::chrono::steady_clock::now().time_since_epoch() /
                                                       std::chrono::nanoseconds(1)));
            });
        }
        std::puts("watching");
    }
}
