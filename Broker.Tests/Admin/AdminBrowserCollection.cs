namespace Broker.Tests.Admin;

/// <summary>The tests that share the browser.</summary>
[CollectionDefinition(Name)]
public sealed class AdminBrowserCollection : ICollectionFixture<AdminBrowser>
{
    public const string Name = "Admin browser";
}
