// SPDX-License-Identifier: GPL-3.0-or-later
#include <QApplication>
#include <QImage>
#include <QPushButton>
#include <QTest>
#include <QToolButton>

#include "app/gui/theme/application_palette.h"
#include "app/gui/theme/house_style.h"
#include "app/gui/theme/icons.h"
#include "app/gui/theme/theme.h"
#include "contrast.h"

using namespace decodescope;

namespace {

/// The most opaque pixel of an icon, and its share of opacity.
QColor inkOf(const QIcon& icon, int side, double ratio, QIcon::Mode mode = QIcon::Normal) {
    const QImage image = icon.pixmap(QSize(side, side), ratio, mode)
                             .toImage()
                             .convertToFormat(QImage::Format_ARGB32);
    QColor ink(Qt::transparent);
    for (int y = 0; y < image.height(); ++y)
        for (int x = 0; x < image.width(); ++x)
            if (const QColor here = image.pixelColor(x, y); here.alpha() > ink.alpha())
                ink = here;
    return ink;
}

QColor opaque(QColor colour) {
    colour.setAlpha(255);
    return colour;
}

/// Rounding of premultiplied pixels.
bool isClose(const QColor& a, const QColor& b) {
    constexpr int kTolerance = 3;
    return std::abs(a.red() - b.red()) <= kTolerance &&
           std::abs(a.green() - b.green()) <= kTolerance &&
           std::abs(a.blue() - b.blue()) <= kTolerance;
}

void addThemes() {
    QTest::addColumn<bool>("dark");
    QTest::newRow("light") << false;
    QTest::newRow("dark") << true;
}

} // namespace

/// Colours, icons and style, in both themes.
class TestTheme : public QObject {
    Q_OBJECT
private slots:
    void cleanup() { applyTheme(ThemeChoice::Light); }
    void textIsReadable_data() { addThemes(); }
    void textIsReadable();
    void whatIsDrawnIsSeen_data() { addThemes(); }
    void whatIsDrawnIsSeen();
    void thePrimaryButtonIsReadable_data() { addThemes(); }
    void thePrimaryButtonIsReadable();
    void everyIconIsThere_data();
    void everyIconIsThere();
    void iconsFollowTheTheme();
    void disabledIconsAreFaded();
    void iconsAreSharpAtTwoPixels();
    void anIconOfAPaletteKeepsIt();
    void systemIsOneOfOurThemes();
};

void TestTheme::textIsReadable() {
    QFETCH(bool, dark);
    const Theme& theme = dark ? darkTheme() : lightTheme();
    applyTheme(dark ? ThemeChoice::Dark : ThemeChoice::Light);
    const QColor window = QApplication::palette().color(QPalette::Window);
    for (const QColor& ground : {theme.ground, theme.card, window})
        for (const QColor& text : {theme.text, theme.mutedText, theme.error})
            QVERIFY2(contrast(text, ground) >= kTextContrast,
                     qPrintable(text.name() + QStringLiteral(" on ") + ground.name()));
}

void TestTheme::whatIsDrawnIsSeen() {
    QFETCH(bool, dark);
    const Theme& theme = dark ? darkTheme() : lightTheme();
    std::vector<QColor> drawn(theme.series.begin(), theme.series.end());
    drawn.insert(drawn.end(), theme.memory.begin(), theme.memory.end());
    drawn.insert(drawn.end(), {theme.capacity, theme.accent, theme.axis, theme.good, theme.partly});
    for (const QColor& ground : {theme.ground, theme.card})
        for (const QColor& colour : drawn)
            QVERIFY2(contrast(colour, ground) >= kGraphicContrast,
                     qPrintable(colour.name() + QStringLiteral(" on ") + ground.name()));
}

void TestTheme::thePrimaryButtonIsReadable() {
    QFETCH(bool, dark);
    applyTheme(dark ? ThemeChoice::Dark : ThemeChoice::Light);
    const QPalette palette = QApplication::palette();
    QVERIFY(contrast(palette.color(QPalette::Highlight),
                     palette.color(QPalette::HighlightedText)) >= kTextContrast);
}

void TestTheme::everyIconIsThere_data() {
    QTest::addColumn<QString>("name");
    for (const char* name : {"run", "stop", "open", "save", "export", "follow", "copy", "fit",
                             "table", "close", "float", "warning", "info"})
        QTest::newRow(name) << QString::fromLatin1(name);
}

void TestTheme::everyIconIsThere() {
    QFETCH(QString, name);
    for (const int side : {16, 18, 24})
        QVERIFY(inkOf(themedIcon(name), side, 1).alpha() > 200);
}

void TestTheme::iconsFollowTheTheme() {
    applyTheme(ThemeChoice::Light);
    QToolButton button;
    button.setIcon(themedIcon(QStringLiteral("stop")));
    QVERIFY(isClose(inkOf(button.icon(), 24, 1), lightTheme().text));
    applyTheme(ThemeChoice::Dark);
    QVERIFY(isClose(inkOf(button.icon(), 24, 1), darkTheme().text));
    const QColor middle = button.grab().toImage().pixelColor(button.rect().center());
    QVERIFY(isClose(middle, darkTheme().text)); // the button draws it so
}

void TestTheme::disabledIconsAreFaded() {
    const QIcon icon = themedIcon(QStringLiteral("stop"));
    const int full = inkOf(icon, 24, 1).alpha();
    const int faded = inkOf(icon, 24, 1, QIcon::Disabled).alpha();
    QVERIFY(faded > 0);
    QVERIFY(faded < full / 2);
}

void TestTheme::iconsAreSharpAtTwoPixels() {
    const QPixmap drawn = themedIcon(QStringLiteral("run")).pixmap(QSize(24, 24), 2.0);
    QCOMPARE(drawn.size(), QSize(48, 48));
    QCOMPARE(drawn.devicePixelRatio(), 2.0);
}

void TestTheme::anIconOfAPaletteKeepsIt() {
    QPalette own;
    own.setColor(QPalette::ButtonText, Qt::red);
    const QIcon icon = themedIcon(QStringLiteral("warning"), own);
    applyTheme(ThemeChoice::Dark);
    QVERIFY(isClose(opaque(inkOf(icon, 24, 1)), Qt::red));
}

void TestTheme::systemIsOneOfOurThemes() {
    applyTheme(ThemeChoice::System);
    QVERIFY(qobject_cast<HouseStyle*>(QApplication::style()));
    const QColor ground = QApplication::palette().color(QPalette::Base);
    QVERIFY(ground == lightTheme().ground || ground == darkTheme().ground);
}

QTEST_MAIN(TestTheme)
#include "test_theme.moc"
