//! Generates the client from `openapi.json`, which `clients/check` puts beside this file.
use progenitor::{GenerationSettings, Generator, InterfaceStyle};
use std::{env, error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=openapi.json");
    let mut document: serde_json::Value = serde_json::from_str(&fs::read_to_string("openapi.json")?)?;
    // progenitor knows no bodies of CSV, and generates nothing at all where there is one
    for path in document["paths"].as_object_mut().into_iter().flatten().filter_map(|(_, path)| path.as_object_mut()) {
        path.retain(|_, operation| operation["requestBody"]["content"]["text/csv"].is_null());
    }
    // with builders, what the document adds does not break the callers
    let mut generator = Generator::new(GenerationSettings::new().with_interface(InterfaceStyle::Builder));
    let code = generator.generate_tokens(&serde_json::from_value(document)?)?;
    let file = Path::new(&env::var("OUT_DIR")?).join("client.rs");
    Ok(fs::write(file, prettyplease::unparse(&syn::parse2(code)?))?)
}
