using Broker.Tests.Running;

namespace Broker.Tests.Conformance.Postgres;

/// <summary>The same with PostgreSQL.</summary>
public sealed class TopicTestsOnPostgres : TopicTests
{
    public TopicTestsOnPostgres() => TestStorage.UsePostgres();
}
