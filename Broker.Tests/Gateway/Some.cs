using Broker.Messages;
using Broker.Topics;

namespace Broker.Tests.Gateway;

/// <summary>Messages for when it does not matter which.</summary>
internal static class Some
{
    public const long Timestamp = 1_700_000_000_000_000_000;

    public static PublishRequest Batch(int size, long sequence, int count = 1) => new()
    {
        Publisher = 1,
        Sequence = sequence,
        Batch = MessageBatch.Create(Timestamp, [.. Enumerable.Range(0, count).Select(_ => new byte[size])]),
    };
}
