namespace Broker.Tests.Running;

/// <summary>One broker for all tests of a class: for those that leave nothing behind that another would see.</summary>
public sealed class SharedBroker : IAsyncLifetime
{
    private RunningBroker? _broker;

    public RunningBroker Broker => _broker ?? throw new InvalidOperationException("The broker has not been started.");

    public async Task InitializeAsync() => _broker = await RunningBroker.StartAsync();

    public async Task DisposeAsync()
    {
        if (_broker is not null) await _broker.DisposeAsync();
    }
}
