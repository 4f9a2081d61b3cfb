// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

namespace decodescope {

/// What kind of failure an Error is. Each kind has one exit code (exitCode()).
enum class ErrorCode {
    RunFailed,         ///< a measurement started and did not finish
    BadUsage,          ///< the user asked for something that makes no sense
    FileUnreadable,    ///< a file is missing, broken, contradictory or of another version
    OutputNotWritten,  ///< a result could not be written where it was asked for
    DeviceUnavailable, ///< the device asked for is not there or cannot be used
    OutOfMemory,       ///< an ordinary answer: it does not fit
    SlowerThanBaseline,
    Interrupted, ///< stopped by the user; partial results are kept
};

/// The exit code of decodescope-cli for this kind of failure.
[[nodiscard]] int exitCode(ErrorCode code);

/// A failure a user can act on: what went wrong, where, and what to do.
struct Error {
    ErrorCode code = ErrorCode::RunFailed;
    std::string what;             ///< one sentence without a final stop
    std::string where;            ///< file, key, byte offset, option; may be empty
    std::string hint;             ///< what to do; may be empty
    std::uint64_t bytesAsked = 0; ///< OutOfMemory only
    std::uint64_t bytesFree = 0;  ///< OutOfMemory only

    /// "where: what. hint", with the empty parts left out.
    [[nodiscard]] std::string sentence() const;
    bool operator==(const Error&) const = default;
};

/// A value or an Error. Nothing a user or a device can cause is reported by an exception.
template <typename T>
class [[nodiscard]] Result {
public:
    Result(T value) : m_state(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : m_state(std::in_place_index<1>, std::move(error)) {}

    [[nodiscard]] bool ok() const { return m_state.index() == 0; }
    explicit operator bool() const { return ok(); }
    /// Precondition: ok().
    [[nodiscard]] T& value() & { return std::get<0>(m_state); }
    [[nodiscard]] const T& value() const& { return std::get<0>(m_state); }
    [[nodiscard]] T&& value() && { return std::get<0>(std::move(m_state)); }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }
    /// Precondition: !ok().
    [[nodiscard]] const Error& error() const { return std::get<1>(m_state); }

private:
    std::variant<T, Error> m_state;
};

/// Success without a value.
struct Done {
    bool operator==(const Done&) const = default;
};
using Status = Result<Done>;

} // namespace decodescope
