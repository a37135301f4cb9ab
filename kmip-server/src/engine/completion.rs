//! What a request says of attributes by way of something else: links to what the ID Placeholder holds, names of templates.

use kmip::types::{AttributeSet, AttributeValue, UniqueIdentifier};

use super::attributes::Requested;
use super::{Context, Failure};

impl Context<'_> {
    /// Makes a Link that names its object in one of the ways of 2.0 (§4.51) one to the object that it means now.
    ///
    /// # Errors
    ///
    /// When it means none.
    pub(crate) fn resolve(&self, value: &mut AttributeValue) -> Result<(), Failure> {
        if let AttributeValue::Link(link) = value {
            let linked = self.target(Some(link.linked_object_identifier.clone()))?;
            link.linked_object_identifier = UniqueIdentifier::TextString(linked);
        }
        Ok(())
    }

    /// The same for every Link among what a request asks for.
    ///
    /// # Errors
    ///
    /// As [`Self::resolve`].
    pub(crate) fn resolve_links(&self, requested: &mut Requested) -> Result<(), Failure> {
        let mut resolved = AttributeSet::new();
        for mut instance in std::mem::take(&mut requested.attributes) {
            self.resolve(&mut instance.value)?;
            resolved.push(instance);
        }
        requested.attributes = resolved;
        Ok(())
    }

    /// Completes what a request asks for: resolves its links, and adds what the templates that it names say (1.x; 1.4
    /// §2.1.8).
    pub(crate) fn add_templates(&mut self, requested: &mut Requested) -> Result<(), Failure> {
        self.resolve_links(requested)?;
        // "The value in the last of the conflicting templates takes precedence" (1.4 §4): it comes first.
        for name in std::mem::take(&mut requested.templates).into_iter().rev() {
            let template = crate::ops::template_of(self, &name)?;
            requested.add_template(template, self.version);
        }
        Ok(())
    }
}
