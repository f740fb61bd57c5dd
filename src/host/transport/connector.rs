//! Connections of all requests with one reading of the certificates that this host trusts: reading them anew for each took
//! a third of the processor time of a refresh in which nothing had changed.

use std::sync::LazyLock;

use ureq::Error;
use ureq::unversioned::transport::{ConnectionDetails, Connector, DefaultConnector, Transport};

/// What ureq connects with. It keeps the settings of TLS after the first connection, and they are the same for all.
static ALL: LazyLock<DefaultConnector> = LazyLock::new(DefaultConnector::default);

/// One of many requests' use of it.
#[derive(Debug)]
pub(super) struct SharedConnector;

impl Connector for SharedConnector {
    type Out = Box<dyn Transport>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<()>,
    ) -> Result<Option<Self::Out>, Error> {
        ALL.connect(details, chained)
    }
}
