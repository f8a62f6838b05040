using Broker.Tests.Running;

namespace Broker.Tests.Conformance.Postgres;

/// <summary>The same with PostgreSQL.</summary>
public sealed class ChannelTestsOnPostgres : ChannelTests
{
    public ChannelTestsOnPostgres() => TestStorage.UsePostgres();
}
