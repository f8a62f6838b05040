namespace Orleans;

/// <summary>Marks attributes of constructor parameters that the host, not the container, fills.</summary>
public interface IFacetMetadata;
