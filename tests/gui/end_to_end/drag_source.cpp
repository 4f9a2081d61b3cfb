// SPDX-License-Identifier: GPL-3.0-or-later
// drag_source FILE: a small window from which the file can be dragged into another one.
#include <QApplication>
#include <QDrag>
#include <QLabel>
#include <QMimeData>
#include <QMouseEvent>
#include <QUrl>

namespace {

class Source : public QLabel {
public:
    explicit Source(const QString& path) : QLabel(path), m_path(path) {}

protected:
    void mousePressEvent(QMouseEvent*) override {
        auto* drag = new QDrag(this);
        auto* content = new QMimeData;
        content->setUrls({QUrl::fromLocalFile(m_path)});
        drag->setMimeData(content);
        drag->exec(Qt::CopyAction);
    }

private:
    QString m_path;
};

} // namespace

int main(int argc, char** argv) {
    const QApplication application(argc, argv);
    if (argc != 2)
        return 2;
    Source source(QString::fromLocal8Bit(argv[1]));
    source.setWindowTitle(QStringLiteral("drag source"));
    source.setFixedSize(200, 60);
    source.show();
    return QApplication::exec();
}
