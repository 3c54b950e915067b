// SPDX-License-Identifier: Apache-2.0
// Measures the checks per second of libcoatcheck in this process:
//
//   library_check URL ISSUER SERVICE_KEY TOKENS CACHED WARM-UP SECONDS THREADS
//
// TOKENS is a file of good tokens, one per line, which each thread checks in turn, again and again. If CACHED
// has room for all of them, each token has been seen before; if it has little room, each token is new. Every
// verdict is checked.
#include "timed_threads.hpp"

#include <coatcheck/verifier.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

int main(int count, char** words) {
    if (count != 9) return 2;
    coatcheck::Verifier verifier({.url = words[1],
                                  .service_key = words[3],
                                  .issuer = words[2],
                                  .cached_tokens = static_cast<std::size_t>(std::atol(words[5]))});
    if (!verifier.wait_until_ready(std::chrono::seconds(60)))
        return std::fputs("the verifier is not ready\n", stderr), 1;
    std::vector<std::string> tokens;
    std::ifstream file(words[4]);
    for (std::string line; std::getline(file, line);) tokens.push_back(line);
    if (tokens.empty()) return 1;
    std::atomic<long> wrong{0};
    constexpr int batch = 100;
    const double batches = rate_on_threads(
        static_cast<unsigned>(std::atoi(words[8])), std::atof(words[6]), std::atof(words[7]),
        [&](unsigned thread) {
            return std::function<void()>([&, next = thread * tokens.size() / 2 % tokens.size()]() mutable {
                for (int i = 0; i < batch; ++i) {
                    const auto verdict = verifier.check(tokens[next]);
                    if (!verdict || verdict.user().id().empty()) ++wrong;
                    next = next + 1 == tokens.size() ? 0 : next + 1;
                }
            });
        });
    std::string forged = tokens.front();
    forged[forged.size() - 20] = forged[forged.size() - 20] == 'A' ? 'B' : 'A';
    if (verifier.check(forged)) ++wrong;
    std::printf("{\"rate\": %.1f, \"wrong\": %ld, \"entries\": %zu}\n", batches * batch, wrong.load(),
                verifier.state().entries);
}
