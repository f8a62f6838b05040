using System.Runtime.InteropServices;
using Orleans;

namespace Broker.Channels;

/// <summary>Commands of one gateway's consumers of a channel, in order. An empty one says that the gateway is alive.</summary>
[GenerateSerializer, Immutable, Alias("Broker.CommandBatch")]
public sealed class CommandBatch
{
    /// <summary>The gateway's id.</summary>
    [Id(0)] public required string Gateway { get; init; }

    /// <summary>The incarnation that the gateway is attached to.</summary>
    [Id(1)] public required long Incarnation { get; init; }

    /// <summary>
    /// Counts the gateway's batches to this channel since it attached (again), from 1. At most one is under way; the same
    /// number again is a retry and gets the first answer again.
    /// </summary>
    [Id(2)] public required long Sequence { get; init; }

    /// <summary>The commands, <see cref="ConsumerCommand"/>s back to back in the machine's byte order (little endian).</summary>
    [Id(3)] public required byte[] Data { get; init; }

    /// <summary>The commands.</summary>
    public ReadOnlySpan<ConsumerCommand> Commands => MemoryMarshal.Cast<byte, ConsumerCommand>(Data);
}
