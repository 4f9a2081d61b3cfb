// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace decodescope {

/// Whether it pays to share work with other threads, from what it did lately: a core that has other
/// programs to run gives a worker a few milliseconds and takes as many, in which all wait for the
/// unit that it holds. Where a while of shared runs gained little, those that follow are done
/// alone, for longer each time that a new trial gains no more.
class SharingBalance {
public:
    [[nodiscard]] bool pays() const { return m_aloneSeconds <= 0; }

    /// A shared run: how long it took, and how long it would have taken alone. Of short runs only
    /// those tell anything in which somebody was waited for.
    void addShared(double seconds, double secondsAlone) {
        if (seconds < kShortRun)
            return;
        m_sharedSeconds += seconds;
        m_wouldBeSeconds += secondsAlone;
        if (m_sharedSeconds < kTrial)
            return;
        if (m_wouldBeSeconds < kLeastGain * m_sharedSeconds) {
            m_aloneSeconds = m_nextAlone;
            m_nextAlone = m_nextAlone < kMostAlone ? 2 * m_nextAlone : kMostAlone;
        } else {
            m_nextAlone = kFirstAlone;
        }
        m_sharedSeconds = m_wouldBeSeconds = 0;
    }
    void addAlone(double seconds) { m_aloneSeconds -= seconds; }

    static constexpr double kShortRun = 50e-6; ///< as long as handing out the work may take
    static constexpr double kTrial = 0.1;      ///< many time slices
    static constexpr double kLeastGain = 1.05; ///< times as fast as alone
    static constexpr double kFirstAlone = 0.2;
    static constexpr double kMostAlone = 0.8;

private:
    double m_sharedSeconds = 0, m_wouldBeSeconds = 0; ///< of this trial
    double m_aloneSeconds = 0;                        ///< left until the next
    double m_nextAlone = kFirstAlone;
};

} // namespace decodescope
