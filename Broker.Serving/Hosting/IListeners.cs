namespace Broker.Serving.Hosting;

/// <summary>All that this process listens on.</summary>
public interface IListeners
{
    /// <summary>Accepts no more connections; those that are open go on.</summary>
    Task UnbindAsync();
}
