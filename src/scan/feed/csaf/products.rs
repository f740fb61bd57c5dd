//! The products of a document: what a combined identifier is made of, found through the relationships. The spelling
//! of an identifier tells nothing: versions and names of modules have colons too.

use std::collections::HashMap;

use super::wire::{Branch, Product, Tree};

/// Most links from a package to its platform; real ones have two, through a module.
const LONGEST_CHAIN: usize = 8;

/// The products of a document by identifier.
pub(super) struct Products<'t, 'a> {
    products: HashMap<&'t str, &'t Product<'a>>,
    /// Combined identifier to its component, and what that is a component of.
    combined: HashMap<&'t str, (&'t str, &'t str)>,
}

/// What a combined identifier stands for.
pub(in super::super) struct Place<'t, 'a> {
    /// The package.
    pub(in super::super) package: &'t Product<'a>,
    /// What lies between the package and the platform, which is modules.
    pub(in super::super) modules: Vec<&'t Product<'a>>,
    /// The product that a host is.
    pub(in super::super) platform: &'t Product<'a>,
}

impl<'t, 'a> Products<'t, 'a> {
    pub(super) fn new(tree: &'t Tree<'a>) -> Self {
        let mut products: HashMap<&str, &Product<'_>> =
            tree.full_product_names.iter().map(|product| (product.product_id.as_ref(), product)).collect();
        let mut waiting: Vec<&Branch<'_>> = tree.branches.iter().collect();
        while let Some(branch) = waiting.pop() {
            products.extend(branch.product.iter().map(|product| (product.product_id.as_ref(), product)));
            waiting.extend(&branch.branches);
        }
        let combined = tree.relationships.iter().map(|relation| {
            let parts = (relation.product_reference.as_ref(), relation.relates_to_product_reference.as_ref());
            (relation.full_product_name.product_id.as_ref(), parts)
        });
        Self { combined: combined.collect(), products }
    }

    /// Takes an identifier apart. A platform alone, without a package, is `Ok(None)`.
    ///
    /// # Errors
    /// It leads to a product that the document does not have, or in a circle.
    pub(super) fn place(&self, identifier: &str) -> Result<Option<Place<'t, 'a>>, &'static str> {
        let mut parts = Vec::new();
        let mut within = identifier;
        while let Some((component, next)) = self.combined.get(within) {
            parts.push(*self.products.get(component).ok_or("the product tree lacks the component")?);
            within = next;
            if parts.len() > LONGEST_CHAIN {
                return Err("the relationships lead in a circle");
            }
        }
        let platform = *self.products.get(within).ok_or("the product tree lacks it")?;
        let Some((package, modules)) = parts.split_first() else { return Ok(None) };
        Ok(Some(Place { package, modules: modules.to_vec(), platform }))
    }
}
