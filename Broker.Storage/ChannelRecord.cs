using System.Text.Json.Serialization;
using Broker.Channels;
using Broker.Policies;

namespace Broker.Storage;

/// <summary>A channel in its topic's record.</summary>
/// <param name="Name">Name of the channel.</param>
/// <param name="Incarnation">Which making of the channel this is.</param>
/// <param name="Start">First offset that belongs to it.</param>
/// <param name="Paused">Whether it is paused.</param>
/// <param name="Policy">What it does differently from the other channels; null for nothing.</param>
/// <param name="Redrive">The redrive of its dead letters that is under way; null for none.</param>
public sealed record ChannelRecord(
    string Name,
    long Incarnation,
    long Start,
    bool Paused,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ChannelPolicy? Policy = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Redrive? Redrive = null);
