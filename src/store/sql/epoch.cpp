// SPDX-License-Identifier: Apache-2.0
#include "store/sql/epoch.hpp"

#include "base/random.hpp"
#include "store/sql/database.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string_view>

namespace coatcheck::store {
namespace {

// "name:inode:birth"; empty if there is no such file.
std::string identity_of(const std::filesystem::path& file) {
    struct statx facts {};
    if (statx(AT_FDCWD, file.c_str(), 0, STATX_INO | STATX_BTIME, &facts) != 0) return {};
    return file.filename().string() + ":" + std::to_string(facts.stx_ino) + ":" +
           std::to_string(facts.stx_btime.tv_sec) + "." + std::to_string(facts.stx_btime.tv_nsec);
}

[[noreturn]] void fail(const std::string& what) { throw StoreError(what + ": " + std::strerror(errno)); }

}  // namespace

bool Epoch::is_ours(const std::string& noted) const {
    const std::string name = noted.substr(0, noted.find(':'));
    return !name.empty() && identity_of(std::filesystem::path(path_).parent_path() / name) == noted;
}

std::string Epoch::begin() {
    const std::filesystem::path file = path_ + ".epoch-" + base::random_id();
    const int made = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (made < 0) fail("cannot create " + file.string());
    ::close(made);
    const int directory = ::open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) fail("cannot open " + file.parent_path().string());
    const bool synced = ::fsync(directory) == 0;
    ::close(directory);
    if (!synced) fail("cannot sync " + file.parent_path().string());
    return identity_of(file);
}

void Epoch::keep_only(const std::string& noted) const {
    const std::filesystem::path database = path_;
    const std::string prefix = database.filename().string() + ".epoch-",
                      kept = noted.substr(0, noted.find(':'));
    // Not std::filesystem::directory_iterator, which ends the process if there is no memory for a name.
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(database.parent_path().c_str()),
                                                        ::closedir);
    while (const dirent* entry = directory ? ::readdir(directory.get()) : nullptr) {
        const std::string_view name = entry->d_name;
        if (name.starts_with(prefix) && name != kept) ::unlinkat(::dirfd(directory.get()), entry->d_name, 0);
    }
}

}  // namespace coatcheck::store
