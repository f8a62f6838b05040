using Broker.Storage;

namespace Broker.Grains;

/// <summary>Where topics are kept, and whether this silo may open them.</summary>
/// <param name="durable">The store of ordinary topics.</param>
/// <param name="ephemeral">The store of ephemeral topics, in memory.</param>
/// <param name="membership">Whether this silo is a member of its cluster; null where there is none.</param>
public sealed class TopicStores(IMessageStore durable, IMessageStore ephemeral, ISiloMembership? membership = null)
{
    /// <summary>All of them.</summary>
    public IReadOnlyList<IMessageStore> All { get; } = [durable, ephemeral];

    /// <summary>Where a topic is kept.</summary>
    public IMessageStore Of(string topic) => EphemeralName.Matches(topic) ? ephemeral : durable;

    /// <summary>To be asked before anything is opened, which takes it from whoever has it.</summary>
    /// <exception cref="FencedException">The others have put this silo out: what it opens it would take from those who go on.</exception>
    public async ValueTask EnsureMemberAsync()
    {
        if (membership is not null && !await membership.IsMemberAsync())
            throw new FencedException("the other silos consider this one dead, so it opens nothing; try again");
    }
}
