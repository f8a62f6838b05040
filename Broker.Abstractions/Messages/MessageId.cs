namespace Broker.Messages;

/// <summary>
/// The 64-bit number that a message id's 16 hex digits stand for: node (10 bits), generation of the topic (10 bits),
/// offset (44 bits). Stable across redelivery, restart and failover; distinct within a topic even over several nodes.
/// </summary>
public static class MessageId
{
    /// <summary>Bits of a message id that hold the offset.</summary>
    public const int OffsetBits = 44;

    /// <summary>The greatest offset that an id can carry.</summary>
    public const long MaxOffset = (1L << OffsetBits) - 1;

    /// <summary>The part of an id that all messages of a topic's generation on a node share.</summary>
    /// <param name="node">Node number, 0 to 1023.</param>
    /// <param name="generation">Generation of the topic; its low 10 bits are used.</param>
    public static ulong Prefix(int node, int generation) =>
        ((ulong)(node & 1023) << 54) | ((ulong)(generation & 1023) << OffsetBits);

    /// <summary>The id of the message at <paramref name="offset"/> under <paramref name="prefix"/>.</summary>
    public static ulong Of(ulong prefix, long offset) => prefix | (ulong)offset;

    /// <summary>The prefix in an id.</summary>
    public static ulong PrefixOf(ulong id) => id & ~(ulong)MaxOffset;

    /// <summary>The offset in an id.</summary>
    public static long OffsetOf(ulong id) => (long)(id & (ulong)MaxOffset);
}
