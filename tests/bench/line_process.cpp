// SPDX-License-Identifier: Apache-2.0
#include "line_process.h"

#include <array>
#include <csignal>
#include <cstdlib>

#include <sys/wait.h>
#include <unistd.h>

namespace decodescope::bench {
namespace {

constexpr int kNotStarted = 127;

/// In the child, which becomes the other program.
[[noreturn]] void become(const std::vector<std::string>& command, int in, int out) {
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    std::vector<char*> arguments;
    arguments.reserve(command.size() + 1);
    for (const std::string& each : command)
        arguments.push_back(const_cast<char*>(each.c_str())); // execvp() does not write to it
    arguments.push_back(nullptr);
    execvp(arguments.front(), arguments.data());
    _exit(kNotStarted);
}

} // namespace

LineProcess::LineProcess(const std::vector<std::string>& command) {
    static_cast<void>(std::signal(SIGPIPE, SIG_IGN)); // the other may end at any time
    std::array<int, 2> to{};
    std::array<int, 2> from{};
    if (pipe(to.data()) != 0)
        return;
    if (pipe(from.data()) != 0) {
        close(to[0]);
        close(to[1]);
        return;
    }
    m_child = fork();
    if (m_child == 0) {
        close(to[1]);
        close(from[0]);
        become(command, to[0], from[1]);
    }
    close(to[0]);
    close(from[1]);
    m_to = fdopen(to[1], "w");
    m_from = fdopen(from[0], "r");
}

LineProcess::~LineProcess() {
    if (m_to)
        static_cast<void>(std::fclose(m_to)); // it ends with its input
    if (m_from)
        static_cast<void>(std::fclose(m_from));
    if (m_child > 0)
        waitpid(m_child, nullptr, 0);
}

std::optional<std::string> LineProcess::ask(const std::string& line) {
    if (m_child <= 0 || !m_to || !m_from || std::fputs((line + '\n').c_str(), m_to) < 0 ||
        std::fflush(m_to) != 0)
        return std::nullopt;
    char* text = nullptr;
    std::size_t room = 0;
    const ssize_t read = getline(&text, &room, m_from);
    std::optional<std::string> answer;
    if (read > 0)
        answer = std::string(text, static_cast<std::size_t>(read));
    std::free(text); // getline() allocated it
    return answer;
}

} // namespace decodescope::bench
