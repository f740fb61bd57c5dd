//! Fetching a feed by HTTPS, with limits on size and time.
