//! The page for people at `/`: the status document, readable, read-only.

use serde_json::Value;

/// Renders the status as HTML that needs nothing from anywhere else.
pub(crate) fn render(status: &Value) -> String {
    let ready = status["ready"].as_bool().unwrap_or(false);
    let mut rows = String::new();
    table(status, "", &mut rows);
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"2\">\
         <title>Spillway</title><style>body{{font:15px/1.5 system-ui,sans-serif;margin:2em auto;max-width:60em}}\
         table{{border-collapse:collapse;width:100%}}td{{border-bottom:1px solid #ddd;padding:.2em .6em;\
         vertical-align:top}}td:first-child{{color:#555;white-space:nowrap}}td+td{{font-variant-numeric:tabular-nums}}\
         .ok{{color:#070}}.no{{color:#b00}}</style><h1>Spillway <small class=\"{}\">{}</small></h1>\
         <table>{rows}</table><p>The same as JSON: <a href=\"/status\">/status</a>; \
         for Prometheus: <a href=\"/metrics\">/metrics</a></p></html>",
        if ready { "ok" } else { "no" },
        if ready { "ready" } else { "not ready" },
    )
}

fn table(value: &Value, path: &str, rows: &mut String) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let path = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path} · {name}")
                };
                table(member, &path, rows);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            for (index, item) in items.iter().enumerate() {
                table(item, &format!("{path} {index}"), rows);
            }
        }
        _ => {
            let shown = match value {
                Value::String(text) => text.clone(),
                Value::Null => "–".to_owned(),
                other => other.to_string(),
            };
            rows.push_str(&format!("<tr><td>{}<td>{}", escape(path), escape(&shown)));
        }
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_fan_or_an_operator_wrote_is_escaped() {
        let page = render(&serde_json::json!({"ready": false, "reasons": ["<script>"]}));
        assert!(page.contains("&lt;script&gt;") && !page.contains("<script>"));
        assert!(page.contains("not ready"));
    }
}
