// SPDX-License-Identifier: Apache-2.0
#include "app/cli/input_lines.h"

#include <array>
#include <cerrno>
#include <utility>

#include <poll.h>
#include <unistd.h>

#include "core/profile/pause_gate.h"

namespace decodescope {
namespace {

constexpr int kPollMs = 50;
constexpr std::size_t kMaxLineBytes = std::size_t{64} << 20;

} // namespace

std::optional<std::string> InputLines::next(const std::stop_token& stop) {
    std::array<char, 65536> buffer{};
    std::size_t searched = 0;
    while (true) {
        if (const std::size_t end = m_rest.find('\n', searched); end != std::string::npos) {
            std::string line = m_rest.substr(0, end);
            m_rest.erase(0, end + 1);
            return line;
        }
        searched = m_rest.size();
        if (m_ended && !m_rest.empty())
            return std::exchange(m_rest, {});
        if (m_ended || stop.stop_requested() || m_rest.size() > kMaxLineBytes)
            return std::nullopt;
        pollfd input{STDIN_FILENO, POLLIN, 0};
        const int ready = poll(&input, 1, kPollMs);
        if (ready == 0 || (ready < 0 && errno == EINTR))
            continue;
        const ssize_t count = read(STDIN_FILENO, buffer.data(), buffer.size());
        if (count > 0)
            m_rest.append(buffer.data(), static_cast<std::size_t>(count));
        else if (count == 0 || errno != EINTR)
            m_ended = true;
    }
}

InputCommands::InputCommands(InputLines lines, std::stop_source source, PauseGate* gate)
    : m_reader([lines = std::move(lines), source = std::move(source),
                gate](const std::stop_token& ended) mutable {
          while (std::optional<std::string> line = lines.next(ended)) {
              if (line->ends_with('\r'))
                  line->pop_back();
              if (gate && *line == "pause")
                  gate->pause();
              else if (gate && *line == "resume")
                  gate->resume();
              else if (*line == "stop")
                  break;
          }
          if (!ended.stop_requested())
              source.request_stop();
      }) {}

} // namespace decodescope
