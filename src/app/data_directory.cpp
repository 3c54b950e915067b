// SPDX-License-Identifier: Apache-2.0
#include "app/data_directory.hpp"

#include "app/private_file.hpp"
#include "base/bytes.hpp"
#include "base/random.hpp"
#include "crypto/sealed_box.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>

namespace coatcheck::app {
namespace {

[[noreturn]] void fail(const std::string& what) {
    throw std::runtime_error(what + ": " + std::strerror(errno));
}

std::string read_all(int file) {
    std::string text;
    char part[256];
    for (ssize_t size; (size = ::read(file, part, sizeof part)) > 0;)
        text.append(part, static_cast<std::size_t>(size));
    return text;
}

void write_all(int file, std::string_view text) {
    while (!text.empty()) {
        const ssize_t size = ::write(file, text.data(), text.size());
        if (size < 0) fail("cannot write");
        text.remove_prefix(static_cast<std::size_t>(size));
    }
}

// Who can write to the directory can replace its database and its keys. An operator may work as root in the
// directory of the server's own user.
void refuse_if_not_ours(const std::filesystem::path& path) {
    struct stat facts {};
    if (::stat(path.c_str(), &facts) != 0) fail("cannot read the data directory " + path.string());
    if (!S_ISDIR(facts.st_mode)) throw std::runtime_error(path.string() + " is not a directory");
    const auto user = ::geteuid();
    if (user != 0 && facts.st_uid != user)
        throw std::runtime_error("the data directory " + path.string() + " belongs to another user (uid " +
                                 std::to_string(facts.st_uid) + ", this process has " + std::to_string(user) +
                                 "); choose a directory below it, which this command makes");
    if ((facts.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        throw std::runtime_error("other users can write to the data directory " + path.string() +
                                 "; run: chmod 700 " + path.string());
}

}  // namespace

DataDirectory::DataDirectory(std::filesystem::path path) : path_(std::move(path)) {
    if (::mkdir(path_.c_str(), 0700) != 0 && errno != EEXIST)
        fail("cannot create the data directory " + path_.string());
    refuse_if_not_ours(path_);
    const auto lock_file = path_ / "lock";
    lock_ = ::open(lock_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock_ < 0) fail("cannot open " + lock_file.string());
    // The directory is locked as well, because the file can be removed while a server runs.
    directory_lock_ = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory_lock_ < 0) fail("cannot open " + path_.string());
    if (::flock(lock_, LOCK_EX | LOCK_NB) != 0 ||
        (::flock(directory_lock_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)) {
        const int pid = std::atoi(read_all(lock_).c_str());
        ::close(lock_);
        ::close(directory_lock_);
        throw DirectoryInUse("the data directory " + path_.string() + " is in use by another coatcheck" +
                                 (pid > 0 ? " (process " + std::to_string(pid) + ")" : ""),
                             pid);
    }
    if (::ftruncate(lock_, 0) != 0) fail("cannot write " + lock_file.string());
    write_all(lock_, std::to_string(::getpid()) + "\n");
}

DataDirectory::~DataDirectory() {
    ::close(lock_);
    ::close(directory_lock_);
}

base::Secret DataDirectory::sealing_key(const std::string& name) const {
    const auto path = path_ / name;
    int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0 && errno == ENOENT) {
        // Writes another file and renames it, so that a crash leaves either the whole key or no key.
        const auto aside = path.string() + ".new";
        const int made = ::open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (made < 0) fail("cannot create " + path.string());
        write_all(made, base::base64url(base::random_bytes(crypto::sealing_key_bytes)) + "\n");
        if (::fsync(made) != 0 || ::close(made) != 0 || ::rename(aside.c_str(), path.c_str()) != 0)
            fail("cannot create " + path.string());
        const int directory = ::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (directory >= 0) {
            ::fsync(directory);
            ::close(directory);
        }
        file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    }
    if (file < 0) fail("cannot read " + path.string());
    struct stat facts {};
    ::fstat(file, &facts);
    std::string text = read_all(file);
    ::close(file);
    if ((facts.st_mode & 077) != 0) {
        base::wipe(text);
        throw std::runtime_error(path.string() + " can be read by other users; run: chmod 600 " +
                                 path.string());
    }
    make_plain(text);
    auto key = base::from_base64url(std::string_view(text).substr(0, text.find('\n')));
    base::wipe(text);
    if (!key || key->size() != crypto::sealing_key_bytes)
        throw std::runtime_error(path.string() + " does not hold a key");
    return base::Secret(*std::move(key));
}

}  // namespace coatcheck::app
