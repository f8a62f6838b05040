namespace Broker.Admin;

/// <summary>A broker and all that it has.</summary>
public sealed class NodeModel
{
    /// <summary>Topics of which it is shown what is in them.</summary>
    public const int TopicsAtMost = 100;

    /// <summary>The broker.</summary>
    public required ProducerNode Node { get; init; }

    /// <summary>Its topics by name, with their channels and clients.</summary>
    public required IReadOnlyList<TopicFigures> Topics { get; init; }

    /// <summary>Connections that have published.</summary>
    public required IReadOnlyList<ClientFigures> Producers { get; init; }

    /// <summary>Its memory; null when it does not tell.</summary>
    public required NodeMemory? Memory { get; init; }

    /// <summary><c>OK</c>, or what is wrong.</summary>
    public required string Health { get; init; }

    /// <summary>When it started; null when it does not tell.</summary>
    public required DateTimeOffset? StartTime { get; init; }

    /// <summary>Part of the names that are wanted; empty for all.</summary>
    public required string Filter { get; init; }

    /// <summary>Whether it can be tombstoned.</summary>
    public required bool HasLookups { get; init; }
}
