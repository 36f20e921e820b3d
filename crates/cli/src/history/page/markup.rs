//! HTML as it is written here: text is escaped, the frame needs nothing from outside the file.

/// Everything that the pages look like. Each step fills the screen, so that a camera shows one at a time.
const STYLE: &str = "*{box-sizing:border-box}html{scroll-snap-type:y proximity}\
body{margin:0;background:#101418;color:#eef2f5;font:20px/1.5 system-ui,'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif}\
section{min-height:100vh;padding:6vh 7vw;scroll-snap-align:start;border-bottom:1px solid #2b343c}\
h1{font-size:2.4em;margin:.2em 0}h2{font-size:1.8em;margin:.2em 0 .6em}\
.sub,.en{color:#9fb0bd}.en{font-size:.72em}.big{font-size:2.2em;font-weight:700}\
code{font-family:ui-monospace,Consolas,monospace;overflow-wrap:anywhere}.hash{font-size:1.3em;color:#ffd479;display:block;margin:.4em 0}\
table{border-collapse:collapse;width:100%}td,th{padding:.35em .7em;text-align:left;border-bottom:1px solid #2b343c;vertical-align:top}\
.n{text-align:right}a{color:#7fc8ff}.good{color:#7ee08a}.bad{color:#ff8d7a}.won td{background:#1d3b26}.passed td{color:#8a97a1}\
.winner{display:inline-block;margin:.3em .6em .3em 0;padding:.3em .7em;border:2px solid #7ee08a;border-radius:.3em;font-size:2em}\
@media print{section{min-height:0;page-break-after:always}body{background:#fff;color:#000}}";

/// A page under way.
pub(super) struct Html(String);

impl Html {
    /// The head of a page of this title.
    pub(super) fn new(title: &str) -> Self {
        let mut html = Self(String::with_capacity(16 << 10));
        html.raw("<!doctype html>\n<html lang=\"zh-CN\"><head><meta charset=\"utf-8\">");
        html.raw("<meta name=\"viewport\" content=\"width=device-width\">");
        html.raw("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">");
        html.raw("<title>")
            .text(title)
            .raw("</title><style>")
            .raw(STYLE);
        html.raw("</style></head><body>\n");
        html
    }

    /// Markup of this program.
    pub(super) fn raw(&mut self, markup: &str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Words of anybody.
    pub(super) fn text(&mut self, words: &str) -> &mut Self {
        self.0.push_str(&escaped(words));
        self
    }

    /// The page.
    pub(super) fn end(mut self) -> String {
        self.raw("\n</body></html>\n");
        self.0
    }
}

/// A text in Chinese, and smaller in English; both are escaped.
pub(super) fn both(chinese: &str, english: &str) -> String {
    format!(
        "{} <span class=en lang=en>{}</span>",
        escaped(chinese),
        escaped(english)
    )
}

/// A text that says nothing to a browser.
pub(super) fn escaped(words: &str) -> String {
    let mut safe = String::with_capacity(words.len());
    for c in words.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_never_become_markup() {
        let mut html = Html::new("</title><script>");
        html.text("a<b>&\"'").raw(&both("<i>", "</i>"));
        let page = html.end();
        assert!(!page.contains("<script") && !page.contains("<b>") && !page.contains("<i>"));
        assert!(page.contains("a&lt;b&gt;&amp;&quot;&#39;"));
    }
}
