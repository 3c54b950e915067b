// SPDX-License-Identifier: Apache-2.0
// Asio and Beast are compiled here once, not in every file (BOOST_ASIO_SEPARATE_COMPILATION).
#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
