// SPDX-License-Identifier: Apache-2.0
// Serves Token Status Lists, for verifiers that are not ours and know only the standard.
#include "token/status_list.hpp"
#include "base/numbers.hpp"
#include "base/reason.hpp"
#include "http/static_file.hpp"
#include "web/answers.hpp"
#include "web/handlers.hpp"
#include "web/steps.hpp"

#include <boost/beast/zlib/deflate_stream.hpp>
#include <stdexcept>

namespace coatcheck::web {
namespace {

namespace zlib = boost::beast::zlib;

constexpr std::chrono::seconds time_to_live{5}, life{60};
constexpr std::size_t max_kept = 1024;  // lists of 15 KB at most, for each edge

// A list's number in its canonical form: without leading zeros.
std::optional<std::int64_t> number_of(std::string_view text) {
    const auto number = base::parse_number<std::int64_t>(text, 0, token::max_status_lists - 1);
    return number && std::to_string(*number) == text ? number : std::nullopt;
}

// The zlib format (RFC 1950): two bytes, the deflated bits, and their Adler-32.
std::string compressed(const std::string& bits) {
    std::string out(bits.size() + 1024, '\0');
    zlib::deflate_stream stream;
    stream.reset(9, 15, 9, zlib::Strategy::normal);
    zlib::z_params work{};
    work.next_in = bits.data();
    work.avail_in = bits.size();
    work.next_out = out.data();
    work.avail_out = out.size();
    boost::beast::error_code error;
    stream.write(work, zlib::Flush::finish, error);
    if (error && error != zlib::error::end_of_stream)
        throw std::runtime_error("a status list cannot be compressed");
    out.resize(work.total_out);
    std::uint32_t a = 1, b = 0;
    for (const unsigned char byte : bits) {
        a = (a + byte) % 65521;
        b = (b + a) % 65521;
    }
    const std::uint32_t sum = (b << 16) | a;
    out.insert(0, "\x78\xda");
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(sum >> shift);
    return out;
}

// One bit for each index of the list: 1 if the session has ended and one of its tokens may still be live.
std::string bits_of(const auth::RevocationLog& log, std::int64_t list) {
    std::string bits(token::status_list_size / 8, '\0');
    const std::int64_t first = list * token::status_list_size, end = first + token::status_list_size;
    const auto set = [&](std::int64_t index) {
        auto& byte = bits[static_cast<std::size_t>((index - first) / 8)];
        byte = static_cast<char>(static_cast<unsigned char>(byte) | (1U << ((index - first) % 8)));
    };
    log.each([&](const verify::Revocation& entry) {
        if (entry.kind == verify::Revocation::Kind::status && entry.minimum >= first && entry.minimum < end)
            set(entry.minimum);
        if (entry.kind == verify::Revocation::Kind::status_below)
            for (std::int64_t index = first; index < std::min(entry.minimum, end); ++index) set(index);
    });
    return bits;
}

}  // namespace

Answer show_status_list(Call& call) {
    Service& service = call.service();
    Context& context = call.context;
    const auto number = number_of(call.argument);
    if (!number) co_return base::Reason::not_found;
    if (service.revocations.generation() == 0)
        co_return base::Denied{base::Reason::not_ready, std::chrono::seconds(1)};
    if (!context.status_lists.contains(*number)) {
        const std::int64_t given = co_await from_store(service, &auth::ReadStore::given_statuses);
        if (*number > 0 && *number * token::status_list_size >= given) co_return base::Reason::not_found;
    }
    if (context.status_lists.size() >= max_kept) context.status_lists.clear();
    auto& list = context.status_lists[*number];
    const std::string at = service.log.end().write();
    const auto ring = service.current();
    // However many clients ask, a list is signed at most once a second, and only if the feed has grown, the
    // key has changed, or the list is older than its time to live.
    const auto age = call.request.now - list.made;
    const bool is_new = list.at == at && list.key_id == ring->ring.current_id && age < time_to_live;
    if (list.text.empty() || age < base::Duration(0) || (!is_new && age >= std::chrono::seconds(1))) {
        const token::StatusList content{token::status_list_uri(service.policy.issuer, *number),
                                        service.policy.issuer,
                                        compressed(bits_of(service.log, *number)),
                                        call.request.clocks.wall,
                                        time_to_live,
                                        life};
        list = {call.request.now, at, ring->ring.current_id,
                token::write_status_list(content, ring->ring.current_id, *ring->ring.current)};
        list.tag = entity_tag(list.text);
    }
    Reply reply;
    reply.field("Access-Control-Allow-Origin", "*");
    if (http::answer_with_tag(reply, call.request, "application/statuslist+jwt", list.tag,
                              "public, max-age=" + std::to_string(time_to_live.count())))
        reply.body = list.text;
    co_return reply;
}

}  // namespace coatcheck::web
