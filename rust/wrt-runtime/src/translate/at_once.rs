// SPDX-License-Identifier: MIT
//! What `lazy.rs` is in builds without threaded code: every module is translated at once.

use super::Wanted;
use super::validated::Validated;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::convert::Infallible;
use core::marker::PhantomData;
use wrt_foundation::{Error, Shared};

/// Whether this build can translate functions when they are called.
pub const AVAILABLE: bool = false;

/// A module whose functions are translated when they are first called: there is none.
#[derive(Debug)]
pub struct Template<'m>(Infallible, PhantomData<&'m ()>);

impl<'m> Template<'m> {
    /// `None`: translate it at once.
    ///
    /// # Errors
    /// None.
    pub fn new(_: Shared<'m, u8>, _: Wanted, _: Validated) -> Result<Option<Template<'m>>, Error> {
        Ok(None)
    }
    /// The image.
    pub fn image(&self) -> &Arc<Vec<u32>> {
        match self.0 {}
    }
    pub(crate) fn copied(&self) -> Option<Vec<u32>> {
        match self.0 {}
    }
}
