namespace Broker.Admin;

/// <summary>Some messages of a channel on a node, or of those that a topic holds there, or the one that was searched for.</summary>
public sealed class MessagesModel
{
    /// <summary>Messages on a page.</summary>
    public const int PageSize = 50;

    public required string Topic { get; init; }

    /// <summary>The channel; empty for what no channel of the topic has got.</summary>
    public required string Channel { get; init; }

    /// <summary>Brokers that have the topic or channel.</summary>
    public required IReadOnlyList<string> Nodes { get; init; }

    /// <summary>The broker that was asked.</summary>
    public required string Node { get; init; }

    /// <summary><c>waiting</c>, <c>in_flight</c>, <c>deferred</c> or <c>dead</c>.</summary>
    public required string State { get; init; }

    /// <summary>How many there are in each state, over all nodes; of a topic only how many it holds, and whether it is paused.</summary>
    public required ChannelFigures Figures { get; init; }

    /// <summary>How bodies are shown: a constant of <see cref="MessageBody"/>.</summary>
    public required string Form { get; init; }

    /// <summary>The id that was searched for; empty for none.</summary>
    public required string Id { get; init; }

    /// <summary>Behind which message these begin; empty for the beginning.</summary>
    public required string After { get; init; }

    /// <summary>The messages; null when the broker shows none.</summary>
    public required MessagePage? Page { get; init; }

    /// <summary>How far the sending back of dead letters is; null unless they are shown.</summary>
    public RedriveProgress? Redrive { get; init; }

    /// <summary>Whether the broker lets one look at messages.</summary>
    public required bool CanPeek { get; init; }
}
