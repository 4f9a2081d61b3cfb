// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "core/spec/printable_text.h"

using namespace decodescope;

class TestPrintableText : public QObject {
    Q_OBJECT

private slots:
    void textStaysAsItIs() {
        for (const char* text : {"", "Llama 3 × 8B", "q4_0 – \xE2\x82\xAC", "caf\xe9"})
            QCOMPARE(printable(text), std::string(text));
    }

    void whatCommandsATerminalIsReplaced() {
        const std::string mark = "\xEF\xBF\xBD";
        QCOMPARE(printable("a\x1b[2Jb"), "a" + mark + "[2Jb");
        QCOMPARE(printable(std::string_view("\0\n\x7f", 3)), mark + mark + mark);
        QCOMPARE(printable("a\xC2\x9B"
                           "2J"),
                 "a" + mark + "2J"); // CSI as one character
    }
};

QTEST_APPLESS_MAIN(TestPrintableText)
#include "test_printable_text.moc"
