//! `config show|check|default`: what is in force, and what is wrong.

use crate::args::ConfigCommand;
use crate::config::{Config, DEFAULT_FILE, Layers, Mistake, is_secret, is_secret_option};
use crate::failure::Failure;
use std::path::Path;
use toml::Value;

/// Resolves `env:NAME` and `file:PATH`; anything else is the secret itself.
///
/// # Errors
/// The variable is not set, or the file cannot be read.
pub(crate) fn secret(text: &str) -> Result<String, String> {
    if let Some(name) = text.strip_prefix("env:") {
        return std::env::var(name).map_err(|_| format!("the variable {name} is not set"));
    }
    if let Some(path) = text.strip_prefix("file:") {
        return std::fs::read_to_string(path)
            .map(|secret| secret.trim_end_matches(['\n', '\r']).to_owned())
            .map_err(|error| format!("{path} cannot be read: {error}"));
    }
    Ok(text.to_owned())
}

/// Defaults, file and environment, laid over each other.
pub(crate) fn layers(file: Option<&Path>) -> Layers {
    let mut layers = Layers::defaults();
    if let Some(file) = file {
        layers.file(file);
    }
    layers.environment(std::env::vars());
    layers
}

/// All mistakes as one failure, each on a line of its own.
pub(crate) fn wrong(mistakes: &[Mistake]) -> Failure {
    let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    Failure::wrong(lines.join("\nspillway: "))
}

pub(crate) fn run(command: &ConfigCommand) -> Result<(), Failure> {
    match command {
        ConfigCommand::Default => {
            print!("{DEFAULT_FILE}");
            Ok(())
        }
        ConfigCommand::Check { file } => {
            let mut layers = Layers::defaults();
            layers.file(file);
            let config = Config::from_layers(&layers, &secret).map_err(|m| wrong(&m))?;
            if config.accounts.is_empty() {
                println!(
                    "{}: no [[account]]: the node will answer 404 to every callback",
                    file.display()
                );
            }
            if let Some(unreachable) = config.unreachable() {
                println!("{}: {unreachable}", file.display());
            }
            println!("{}: ok", file.display());
            Ok(())
        }
        ConfigCommand::Show { config } => {
            let layers = layers(config.as_deref());
            show(&layers);
            Config::from_layers(&layers, &secret)
                .map(|_| ())
                .map_err(|m| wrong(&m))
        }
    }
}

fn show(layers: &Layers) {
    for (key, (value, source)) in &layers.values {
        let shown = masked(is_secret_option(key), value);
        println!("{:<46} # {source}", format!("{key} = {shown}"));
    }
    for (table, source) in &layers.accounts {
        println!("\n[[account]] # {source}");
        for (key, value) in table {
            println!("{key} = {}", masked(is_secret(key), value));
        }
    }
}

/// A reference to a secret may be seen, a secret may not.
fn masked(is_secret: bool, value: &Value) -> String {
    match value.as_str() {
        Some(text) if is_secret && !text.is_empty() && !is_reference(text) => {
            "\"********\"".to_owned()
        }
        _ => value.to_string(),
    }
}

fn is_reference(text: &str) -> bool {
    text.starts_with("env:") || text.starts_with("file:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_and_references_to_them_are_not() {
        assert_eq!(masked(true, &Value::from("abc")), "\"********\"");
        assert_eq!(masked(true, &Value::from("env:TOKEN")), "\"env:TOKEN\"");
        assert_eq!(masked(false, &Value::from("mi")), "\"mi\"");
    }

    #[test]
    fn secrets_come_from_files_and_the_environment() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        std::fs::write(&path, "s3cret\n").unwrap();
        assert_eq!(
            secret(&format!("file:{}", path.display())).unwrap(),
            "s3cret"
        );
        assert!(
            secret("file:/nowhere/at/all")
                .unwrap_err()
                .contains("/nowhere/at/all")
        );
        assert!(secret("env:SPILLWAY_NO_SUCH_VARIABLE").is_err());
        assert_eq!(secret("plain").unwrap(), "plain");
    }
}
