using System.Text;
using Broker.Channels;
using Broker.Messages;

namespace Broker.Storage;

/// <summary>A message that its channel gave up, and why.</summary>
public sealed class DeadLetter
{
    /// <summary>Its number: the dead letters of a channel are numbered in the order in which they died, from 0 on.</summary>
    public required long Number { get; init; }

    /// <summary>The message's offset.</summary>
    public required long Offset { get; init; }

    /// <summary>Deliveries that it had.</summary>
    public required ushort Attempts { get; init; }

    /// <summary>Why it was given up.</summary>
    public required DeadCause Cause { get; init; }

    /// <summary>When, in milliseconds since the Unix epoch.</summary>
    public required long Time { get; init; }

    /// <summary>Address of the consumer that had it last; empty when it is not known.</summary>
    public required string Address { get; init; }

    /// <summary>Client id of that consumer; empty when it is not known.</summary>
    public required string ClientId { get; init; }

    /// <summary>The record as it was in the log (<see cref="MessageBatch"/>).</summary>
    public required byte[] Record { get; init; }

    /// <summary>Bytes that it takes in a store.</summary>
    public int Size => DeadLetterFormat.HeaderSize + Encoding.UTF8.GetByteCount(Address) + Encoding.UTF8.GetByteCount(ClientId) + Record.Length;

    /// <summary>The message by itself.</summary>
    public MessageBatch Message => new() { BaseOffset = Offset, Count = 1, Records = Record };
}
