// SPDX-License-Identifier: Apache-2.0
// The raw cost of what a request is made of, on all cores, as rates a second:
//   parts argon2 SECONDS    libsodium's verification of one Argon2id hash (m=19456 KiB, t=2, p=1)
//   parts es256 SECONDS     OpenSSL's ECDSA P-256 signature of 400 bytes
//   parts sqlite SECONDS    one UPDATE by key in bare SQLite, 64 to a durable commit
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <sqlite3.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

using Clock = std::chrono::steady_clock;

static double rate_of(unsigned threads, double seconds, const std::function<std::function<int()>()>& make_work) {
    std::atomic<long> total{0};
    std::vector<std::thread> running;
    const auto start = Clock::now();
    for (unsigned i = 0; i < threads; ++i)
        running.emplace_back([&] {
            const auto work = make_work();
            long done = 0;
            while (std::chrono::duration<double>(Clock::now() - start).count() < seconds) done += work();
            total += done;
        });
    for (auto& thread : running) thread.join();
    return static_cast<double>(total) / std::chrono::duration<double>(Clock::now() - start).count();
}

static std::function<int()> argon2() {
    auto hash = std::make_shared<std::string>(crypto_pwhash_STRBYTES, '\0');
    if (crypto_pwhash_str_alg(hash->data(), "password", 8, 2, 19456ull * 1024, crypto_pwhash_ALG_ARGON2ID13) != 0) std::abort();
    return [hash] { return crypto_pwhash_str_verify(hash->c_str(), "password", 8) == 0 ? 1 : (std::abort(), 0); };
}

static std::function<int()> es256() {
    auto key = std::shared_ptr<EVP_PKEY>(EVP_EC_gen("P-256"), EVP_PKEY_free);
    auto text = std::make_shared<std::string>(400, 'x');
    return [key, text] {
        unsigned char signature[80];
        std::size_t size = sizeof signature;
        EVP_MD_CTX* context = EVP_MD_CTX_new();
        if (EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key.get()) != 1 ||
            EVP_DigestSign(context, signature, &size, reinterpret_cast<const unsigned char*>(text->data()), text->size()) != 1)
            std::abort();
        EVP_MD_CTX_free(context);
        return 1;
    };
}

static void execute(sqlite3* database, const char* sql) {
    if (sqlite3_exec(database, sql, nullptr, nullptr, nullptr) != SQLITE_OK) std::abort();
}

static std::function<int()> sqlite(const std::string& path) {
    constexpr int rows = 1000, group = 64;
    sqlite3* database = nullptr;
    if (sqlite3_open(path.c_str(), &database) != SQLITE_OK) std::abort();
    execute(database, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE s(id TEXT PRIMARY KEY, n INTEGER, t INTEGER) STRICT; BEGIN");
    for (int i = 0; i < rows; ++i) execute(database, ("INSERT INTO s VALUES('session-number-" + std::to_string(i) + "',0,0)").c_str());
    execute(database, "COMMIT");
    sqlite3_stmt* update = nullptr;
    sqlite3_prepare_v2(database, "UPDATE s SET n = n + 1, t = ? WHERE id = ?", -1, &update, nullptr);
    return [database, update, next = 0]() mutable {
        execute(database, "BEGIN IMMEDIATE");
        for (int i = 0; i < group; ++i) {
            const std::string id = "session-number-" + std::to_string(next++ % rows);
            sqlite3_bind_int64(update, 1, next);
            sqlite3_bind_text(update, 2, id.c_str(), -1, SQLITE_TRANSIENT);
            if (sqlite3_step(update) != SQLITE_DONE) std::abort();
            sqlite3_reset(update);
        }
        execute(database, "COMMIT");
        return group;
    };
}

int main(int argc, char** argv) {
    if (argc < 3 || sodium_init() < 0) return 2;
    const std::string what = argv[1];
    const double seconds = std::atof(argv[2]);
    const unsigned cores = std::thread::hardware_concurrency();
    double rate = 0;
    if (what == "argon2") rate = rate_of(cores, seconds, argon2);
    else if (what == "es256") rate = rate_of(cores, seconds, es256);
    else if (what == "sqlite" && argc == 4) rate = rate_of(1, seconds, [&] { return sqlite(argv[3]); });
    else return 2;
    std::printf("%.1f\n", rate);
    return 0;
}
