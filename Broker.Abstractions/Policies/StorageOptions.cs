namespace Broker.Policies;

/// <summary>How messages are kept (spec 6.1).</summary>
public sealed class StorageOptions
{
    /// <summary>Folder of the files; must exist.</summary>
    public string DataPath { get; set; } = "";

    /// <summary>Greatest size of a log segment in bytes.</summary>
    public long MaxBytesPerFile { get; set; } = 100 << 20;

    /// <summary>fsync after this many messages of a topic; 1 acknowledges a publish only after the fsync.</summary>
    public long SyncEvery { get; set; } = 2500;

    /// <summary>fsync this long after a write at the latest.</summary>
    public TimeSpan SyncTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Bytes that a topic's log may take; 0 for no limit. Publishing beyond it is refused.</summary>
    public long MaxTopicBytes { get; set; }

    /// <summary>Greatest size of a message body in bytes; a greater record in a file is taken for damage.</summary>
    public int MaxMsgSize { get; set; } = 1 << 20;

    /// <summary>Greatest size of a batch in bytes; a greater one in a file is taken for damage.</summary>
    public int MaxBodySize { get; set; } = 5 << 20;
}
