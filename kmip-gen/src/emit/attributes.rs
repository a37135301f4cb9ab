//! The attributes and their rules.

use proc_macro2::TokenStream;
use quote::quote;

use super::gate;
use crate::bind::{OBJECT_TYPE, OPERATION};
use crate::model::{Attribute, Model, Rules, ValueId};
use crate::names::ident;
use crate::schema::{Party, Rule};

pub(super) fn emit(model: &Model) -> TokenStream {
    let keywords = model.keywords.iter().map(|(keyword, means)| quote!((#keyword, #means)));
    let attributes = model.attributes.iter().map(|attribute| emit_one(attribute, model));
    let rules = || model.attributes.iter().flat_map(|attribute| &attribute.rules);
    let mut types: Vec<TokenStream> = Vec::new();
    for (name, used) in [
        (OBJECT_TYPE, rules().any(|rules| !rules.applies_to.is_empty())),
        (OPERATION, rules().any(|rules| !rules.implicitly_set_by.is_empty())),
    ] {
        if let Some(id) = model.enumeration(name).filter(|_| used) {
            let name = ident(&model.enumerations[id].entry.rust);
            types.push(quote!(#name));
        }
    }
    quote! {
        /// What the keywords of [`Rule::When`](::kmip::types::rules::Rule::When) mean.
        pub static CONDITIONS: &[(&str, &str)] = &[#(#keywords),*];

        /// Every attribute, in the order of the specification.
        pub static ATTRIBUTES: &[::kmip::types::rules::AttributeInfo] = {
            use ::kmip::ttlv::{Tag, Version};
            use ::kmip::types::rules::{AttributeInfo, AttributeRules, Rule};
            use ::kmip::types::{#(#types),*};
            &[#(#attributes),*]
        };
    }
}

fn emit_one(attribute: &Attribute, model: &Model) -> TokenStream {
    let (tag, name) = (ident(&model.tags[attribute.tag].entry.rust), &attribute.entry.name);
    let (since, until) = gate(&attribute.entry.gate);
    let rules = attribute.rules.iter().map(|rules| emit_rules(rules, model));
    quote! {
        AttributeInfo { tag: Tag::#tag, name: #name, since: #since, until: #until, rules: &[#(#rules),*] }
    }
}

fn emit_rules(rules: &Rules, model: &Model) -> TokenStream {
    let (since, until) = gate(&rules.gate);
    let always_has_value = rule(&rules.always_has_value);
    let initially_set_by_server = rules.initially_set_by.contains(&Party::Server);
    let initially_set_by_client = rules.initially_set_by.contains(&Party::Client);
    let modifiable_by_server = rule(&rules.modifiable_by_server);
    let modifiable_by_client = rule(&rules.modifiable_by_client);
    let deletable_by_client = rule(&rules.deletable_by_client);
    let multiple_instances = rules.multiple_instances;
    let implicitly_set_by = rules.implicitly_set_by.iter().map(|id| value(*id, model));
    let applies_to = rules.applies_to.iter().map(|id| value(*id, model));
    quote! {
        AttributeRules {
            since: #since,
            until: #until,
            always_has_value: #always_has_value,
            initially_set_by_server: #initially_set_by_server,
            initially_set_by_client: #initially_set_by_client,
            modifiable_by_server: #modifiable_by_server,
            modifiable_by_client: #modifiable_by_client,
            deletable_by_client: #deletable_by_client,
            multiple_instances: #multiple_instances,
            implicitly_set_by: &[#(#implicitly_set_by),*],
            applies_to: &[#(#applies_to),*],
        }
    }
}

fn rule(rule: &Rule) -> TokenStream {
    match rule {
        Rule::Yes => quote!(Rule::Yes),
        Rule::No => quote!(Rule::No),
        Rule::When(keyword) => quote!(Rule::When(#keyword)),
    }
}

/// A value of an enumeration as its constant.
pub(super) fn value(id: ValueId, model: &Model) -> TokenStream {
    let enumeration = ident(&model.enumerations[id.0].entry.rust);
    let constant = ident(&model.value(id).entry.rust);
    quote!(#enumeration::#constant)
}
