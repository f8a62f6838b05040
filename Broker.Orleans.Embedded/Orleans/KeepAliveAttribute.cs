namespace Orleans;

/// <summary>Keeps the activations of a grain class from idle collection.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
public class KeepAliveAttribute : Attribute;
