namespace Broker.Admin;

/// <summary>Tells that a topic, a channel or a node of this process's cluster has come or gone.</summary>
public sealed class ClusterChanges
{
    /// <summary>Something has changed. Called from any thread; must not wait.</summary>
    public event Action? Noted;

    /// <summary>Something has changed.</summary>
    public void Note() => Noted?.Invoke();
}
