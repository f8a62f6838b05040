using Broker.Tests.Running;
using Xunit.Abstractions;

[assembly: TestCollectionOrderer(SharedFirst.TypeName, "Broker.Tests")]

namespace Broker.Tests.Running;

/// <summary>
/// Begins with the collections of several classes, such as all tests of the browser: they take longest, and begun last they would run alone at the end.
/// </summary>
public sealed class SharedFirst : ITestCollectionOrderer
{
    public const string TypeName = "Broker.Tests.Running.SharedFirst";

    // Classes of one folder are much alike: those that start three silos each are not to run at once. So the rest is mixed, as xunit does by itself.
    public IEnumerable<ITestCollection> OrderTestCollections(IEnumerable<ITestCollection> testCollections) =>
        testCollections.OrderBy(collection => collection.CollectionDefinition is null).ThenBy(collection => collection.UniqueID);
}
