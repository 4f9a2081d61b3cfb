// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <thread>

namespace decodescope {

class PauseGate;

/// Standard input, line by line, without the C library's buffer: a reader that is blocked there
/// could hold up the program's end. One may live.
class InputLines {
public:
    /// The next line without its end; the rest of the input where that has no end. Nothing at the
    /// end of the input, after a stop request, or where a line is longer than 64 MiB.
    [[nodiscard]] std::optional<std::string> next(const std::stop_token& stop = {});

private:
    std::string m_rest;
    bool m_ended = false;
};

/// Obeys lines: "stop", as which the end of the input counts too, "pause" and "resume". Others are
/// passed over. Ends with its object; a `gate` must outlive it.
class InputCommands {
public:
    InputCommands(InputLines lines, std::stop_source source, PauseGate* gate = nullptr);

private:
    std::jthread m_reader;
};

} // namespace decodescope
