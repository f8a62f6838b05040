namespace Broker.Grains.Channels;

/// <summary>What channels draw by chance begins with.</summary>
/// <param name="Value">Any number; the same one repeats the same draws.</param>
public sealed record ChannelSeed(int Value)
{
    /// <summary>The draws of one creation of a channel.</summary>
    public Random For(long incarnation) => new(unchecked((Value * 1_000_003) + (int)incarnation));
}
