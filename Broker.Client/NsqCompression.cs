namespace Broker.Client;

/// <summary>How what travels over a connection is compressed.</summary>
public enum NsqCompression
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>Deflate (RFC 1951): small, and slow.</summary>
    Deflate,

    /// <summary>Snappy: fast, and not as small.</summary>
    Snappy,
}
