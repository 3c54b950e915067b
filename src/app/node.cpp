// SPDX-License-Identifier: Apache-2.0
#include "app/node.hpp"

#include "app/doctor.hpp"
#include "app/foreign_issuers.hpp"
#include "app/private_file.hpp"
#include "auth/revocation/revoke.hpp"
#include "base/clock.hpp"
#include "base/identifier.hpp"
#include "base/log.hpp"
#include "base/threads.hpp"

#include <algorithm>

namespace coatcheck::app {
namespace {

auth::Policy policy_of(const Config& config) {
    auth::Policy policy = config.policy;
    policy.issuer = config.web.public_url;
    if (policy.audience.empty()) policy.audience = policy.issuer;
    // If crypt tokens are accepted, so are those that an application makes, which live about as long as ours.
    if (config.crypt) policy.foreign_life = config.policy.crypt_ttl;
    return policy;
}

token::CryptFields crypt_fields_of(const Config& config) {
    token::CryptFields fields{{config.crypt_fields[0]}, {config.crypt_fields[1]}, {config.crypt_fields[2]}};
    if (config.crypt_fields[1] == "time_stamp")
        fields.issued.push_back("time_stemp");  // as the snippet that most people copied spells it
    return fields;
}

}  // namespace

store::Place place_of(const Config& config, const std::filesystem::path& directory) {
    store::Place place = config.store;
    place.directory = directory;
    if (!config.store_password_file.empty()) {
        place.password = [file = directory / config.store_password_file] {
            const auto text = read_private_file(file, "store.password_file", "");
            return std::string(text.reveal().substr(0, text.reveal().find_first_of("\r\n")));
        };
        place.password();  // shows a mistake at the start, and as a mistake in the configuration
    }
    return place;
}

namespace {

std::unique_ptr<auth::StoreQueue> open_store(const store::Place& place, Node::Purpose purpose,
                                             auth::StoreListener& listener) {
    if (purpose == Node::Purpose::read) store::refuse_to_migrate(place);
    return store::open(place, listener);
}

}  // namespace

Node::Node(Config config, const std::filesystem::path& directory, Purpose purpose)
    : config_(std::move(config)),
      policy_(policy_of(config_)),
      algorithm_(crypto::algorithm_named(config_.algorithm).value()),
      directory_(directory),
      sealing_key_(directory_.sealing_key(config_.store_sealing_key_file)),
      queue_(open_store(place_of(config_, directory), purpose, *this)) {
    if (config_.token_format != "jwt") {
        encryption_ = std::make_shared<token::CurrentEncryptionKeys>(read_encryption_keys());
        policy_.encryption = encryption_;
        policy_.only_encrypted = config_.token_format == "jwe";
    }
    if (config_.crypt && purpose == Purpose::serve)
        crypt_.emplace(read_crypt_keys(), crypt_fields_of(config_), config_.policy.crypt_ttl, revocations_);
    if (!config_.foreign_file.empty()) {
        // The longest life: the operator may move an issuer's last day on, and tokens may name a late end.
        policy_.foreign_life = verify::longest_foreign_life;
        foreign_.emplace(read_issuers(), revocations_);
    }
    queue_->run([&](auth::Store& store) {
        // Users who were disabled before foreign tokens were switched on must not get in with one.
        if (foreign_)
            for (const auto& user : store.disabled_users()) {
                const auto entries = store.find_revocations(user);
                const bool known = std::any_of(entries.begin(), entries.end(), [](const auto& entry) {
                    return entry.minimum == verify::foreign_for_good;
                });
                if (!known) auth::revoke_foreign(store, policy_, user, auth::Foreign::for_good);
            }
        if (policy_.oauth.enabled)
            if (const auto users = store.users_like_clients(); !users.empty())
                throw std::runtime_error(
                    "tokens of OAuth clients name client:ID as their user, and the id or the name of user " +
                    users.front() + " begins so: delete that user, or switch oauth.enabled off");
        // A command may have another configuration than the server. It must not change the server's keys.
        if (purpose == Purpose::serve || store.load_keys().empty())
            auth::ensure_keys(store, sealing_key_, algorithm_, policy_.access_ttl);
        load_keys(store);
        auto revoked = store.load_revocations();
        revocations_.load(revoked);
        log_.load(store.feed_epoch(), std::move(revoked));
    });
    if (purpose == Purpose::serve) queue_->follow(log_.end().id);
}

void Node::load_keys(auth::Store& store) {
    const std::lock_guard lock(loading_);
    auto ring = auth::load_ring(store, sealing_key_);
    keys_.replace(ring.published);
    ring_.replace(auth::RingView(std::move(ring)));
    service_keys_.replace(store.list_service_keys());
    clients_.replace(store.list_clients());
}

token::EncryptionKeys Node::read_encryption_keys() const {
    token::EncryptionKeys keys;
    for (auto& key : read_keys(directory_.file(config_.encryption_key_file), "tokens.encryption_key_file"))
        keys.push_back(token::encryption_key(std::move(key)));
    return keys;
}

token::CryptKeys Node::read_crypt_keys() const {
    const auto cipher = config_.crypt_cipher == "AES-256-GCM" ? crypto::EnvelopeCipher::aes_256_gcm
                                                              : crypto::EnvelopeCipher::aes_256_cbc;
    return {cipher, read_keys(directory_.file(config_.crypt_key_file), "accept.crypt_key_file")};
}

std::vector<verify::ForeignIssuer> Node::read_issuers() const {
    return read_foreign_issuers(directory_.file(config_.foreign_file), config_.web.public_url);
}

void Node::reload() {
    std::optional<token::EncryptionKeys> encryption;
    std::optional<token::CryptKeys> crypt;
    std::optional<std::vector<verify::ForeignIssuer>> issuers;
    if (encryption_) encryption = read_encryption_keys();
    if (crypt_) crypt = read_crypt_keys();
    if (foreign_) issuers = read_issuers();
    if (encryption) {
        encryption_->replace(*std::move(encryption));
        keys_.void_proofs();  // some may be of tokens that were encrypted with a key that has left the file
    }
    if (crypt) crypt_->replace_keys(*std::move(crypt));
    if (issuers) foreign_->replace_issuers(*std::move(issuers));
}

void Node::reseal_keys(const std::string& file) {
    const base::Secret before = std::move(sealing_key_), after = directory_.sealing_key(file);
    sealing_key_ = directory_.sealing_key(file);  // load_keys() needs it, once the step is committed
    queue_->run([&](auth::Store& store) { auth::reseal_keys(store, before, after); });
}

void Node::watch_clock() {
    const auto clocks = base::read_clocks();
    if (std::exchange(clock_was_wrong_, clocks.are_apart()) == clocks.are_apart()) return;
    if (clocks.are_apart())
        base::log::write(base::log::Level::error, "clock_wrong", {{"meaning", clock_is_wrong(clocks)}});
    else base::log::write(base::log::Level::info, "clock_right", {});
}

void Node::notice(const std::string& event, const std::string& sentence) {
    {
        const std::lock_guard lock(noticing_);
        if (!noticed_.emplace(event, sentence).second) return;
    }
    base::log::write(base::log::Level::warning, event.c_str(), {{"meaning", sentence}});
}

std::vector<std::string> Node::noticed() const {
    const std::lock_guard lock(noticing_);
    std::vector<std::string> sentences;
    for (const auto& [event, sentence] : noticed_) sentences.push_back(sentence);
    return sentences;
}

void Node::keep_house() {
    watch_clock();
    base::release_identifier_checks();
    base::Timestamp now;
    queue_->run([&](auth::Store& store) {
        now = store.now();
        auth::tend_keys(store, sealing_key_, algorithm_, config_.key_rotation);
    });
    revocations_.sweep(now);
    log_.sweep(now);
}

Housekeeper::Housekeeper(Node& node)
    : node_(node), thread_(base::start_thread("housekeeping", [this] { loop(); })) {}

void Housekeeper::loop() {
    using Clock = std::chrono::steady_clock;
    auto due = Clock::now() + std::chrono::seconds(10);
    auto next = due;
    std::unique_lock lock(mutex_);
    while (!wake_.wait_until(lock, next, [this] { return stopping_; })) {
        lock.unlock();
        const auto began = Clock::now();
        if (began >= due) due = began + std::chrono::seconds(10);
        next = due;
        const auto logging_failure = [](auto work) {
            try {
                work();
            } catch (const std::exception& failure) {
                base::log::write(base::log::Level::error, "housekeeping_failed",
                                 {{"reason", failure.what()}});
            }
        };
        logging_failure([&] {
            const bool is_more = node_.store().sweep();
            const auto now = Clock::now();
            // The sweeper works for a tenth of the time, mostly to read ahead. It deletes two hundred
            // sessions a second; of ten million sessions, 17 end in a second.
            if (is_more) next = std::min(due, now + 9 * (now - began));
        });
        if (next == due) logging_failure([&] { node_.keep_house(); });
        lock.lock();
    }
}

Housekeeper::~Housekeeper() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

}  // namespace coatcheck::app
