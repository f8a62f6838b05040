namespace Broker.Client;

/// <summary>Which command a publish is.</summary>
internal enum PublishKind
{
    One,
    Many,
    Deferred,

    /// <summary>None: only that there is a connection.</summary>
    Ping,
}
